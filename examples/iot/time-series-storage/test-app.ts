import { listen } from '@touchstone/kit/app/http';
import { createApp } from './app.ts';
import { createClient } from './test-client.ts';
import { startTestStorage } from './test-storage.ts';

/** The app on a storage of its own, and a client of it. */
export async function startTestApp(start?: string) {
  const storage = await startTestStorage(start);
  const errors: object[] = [];
  const error = (_message: string, details: object) =>
    void errors.push(details);
  const app = createApp({ ...storage, log: { error } });
  const server = await listen(app);

  async function dispose() {
    await server[Symbol.asyncDispose]();
    await storage[Symbol.asyncDispose]();
  }
  return {
    ...storage,
    ...createClient(server.url),
    url: server.url,
    errors,
    [Symbol.asyncDispose]: dispose,
  };
}
