import { SettingError } from '../app/setting-error.ts';
import { startFauxqsStore } from './fauxqs-store.ts';

/** A store that speaks the S3 protocol, and what a client needs to use it. */
export type ObjectStore = AsyncDisposable & {
  endpoint: string;
  region: string;
  accessKeyId: string;
  secretAccessKey: string;
  /** One line that says what was chosen. */
  description: string;
};

/** The store at S3_ENDPOINT, or, without one, an emulator in this process that keeps all in memory. */
export async function startObjectStore(environment = process.env): Promise<ObjectStore> {
  const endpoint = environment.S3_ENDPOINT;
  return endpoint ? findStore(endpoint, environment) : await startFauxqsStore();
}

function findStore(endpoint: string, environment: NodeJS.ProcessEnv): ObjectStore {
  const { AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION } = environment;
  if (!AWS_ACCESS_KEY_ID || !AWS_SECRET_ACCESS_KEY)
    throw new SettingError(
      'S3_ENDPOINT is set: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY too',
    );
  return {
    endpoint,
    region: AWS_REGION ?? 'us-east-1',
    accessKeyId: AWS_ACCESS_KEY_ID,
    secretAccessKey: AWS_SECRET_ACCESS_KEY,
    description: `• object store: ${endpoint}, from S3_ENDPOINT`,
    [Symbol.asyncDispose]: async () => {},
  };
}
