import express from 'express';
import session, { type Store } from 'express-session';
import { PASSWORD } from './authenticate.ts';

declare module 'express-session' {
  interface SessionData {
    user: string;
    upload: string;
  }
}

type NaiveOptions = {
  store: Store;
  secret: string;
  /** Resolves when a file of the user is stored. */
  storeFile: () => Promise<void>;
};

/** The tempting way: a well-known library, as its first example has it. */
export function createNaiveApp(options: NaiveOptions) {
  const { store, secret, storeFile } = options;
  const app = express().use(express.json());
  app.use(
    session({ store, secret, resave: false, saveUninitialized: true }),
  );

  // #region naive-sessions
  app.post('/login', (request, response) => {
    request.session.user = checkPassword(request.body);
    response.status(201).end();
  });

  app.post('/logout', (request, response) => {
    request.session.destroy(() => response.status(204).end());
  });
  // #endregion naive-sessions

  app.post('/upload', async (request, response) => {
    await storeFile();
    request.session.upload = 'holiday.mp4';
    response.status(200).end();
  });

  app.get('/me', (request, response) => {
    response.json({ user: request.session.user ?? 'nobody' });
  });

  return app;
}

type Credentials = { email: string; password: string };

function checkPassword({ email, password }: Credentials): string {
  if (password !== PASSWORD) throw new Error('wrong password');
  return email;
}
