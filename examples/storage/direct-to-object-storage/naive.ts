import { PutObjectCommand, type S3Client } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Pool } from 'pg';

type NaiveOptions = { client: S3Client; bucket: string; pool: Pool };

/** The tempting way: sign a name, and believe who says that it is done. */
export function createNaiveUploads(options: NaiveOptions) {
  const { client, bucket, pool } = options;

  // #region naive-upload
  function sign(name: string): Promise<string> {
    const Key = `uploads/${name}`;
    const command = new PutObjectCommand({ Bucket: bucket, Key });
    return getSignedUrl(client, command, { expiresIn: 3600 });
  }

  async function confirm(owner: string, name: string, size: number) {
    await pool.query(
      `insert into files (owner, key, size) values ($1, $2, $3)`,
      [owner, `uploads/${name}`, size],
    );
  }
  // #endregion naive-upload

  return { sign, confirm };
}
