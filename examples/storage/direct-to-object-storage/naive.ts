import { PutObjectCommand, type S3 } from '@aws-sdk/client-s3';
import { getSignedUrl } from '@aws-sdk/s3-request-presigner';
import type { Pool } from 'pg';

/** The tempting way: sign a name, and believe the client that says it is done. */
export function createNaiveUploads(options: {
  s3: S3;
  bucket: string;
  pool: Pool;
}) {
  const { s3, bucket, pool } = options;

  // #region naive-upload
  function sign(name: string): Promise<string> {
    const Key = `uploads/${name}`;
    const command = new PutObjectCommand({ Bucket: bucket, Key });
    return getSignedUrl(s3, command, { expiresIn: 3600 });
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
