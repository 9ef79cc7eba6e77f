import { createLocalJWKSet } from 'jose';
import type { Pool } from 'pg';
import { createAccessTokenIssuer } from '../jwt-access-tokens/issue-access-tokens.ts';
import type { SigningKey } from '../jwt-access-tokens/signing-keys.ts';
import { createAccessTokenVerifier } from '../jwt-access-tokens/verify-access-tokens.ts';
import {
  createRefreshTokens,
  type RefreshTokenOptions,
} from './refresh-tokens.ts';

type Options = {
  pool: Pool;
  log: RefreshTokenOptions['log'];
  secrets: string[];
  keys: SigningKey[];
};

const PARTIES = {
  issuer: 'https://auth.example.com',
  audience: 'https://api.example.com',
};

/** What the app needs; here, the API and the issuer of its tokens are one program. */
export function createServices({ pool, log, secrets, keys }: Options) {
  const issuer = createAccessTokenIssuer({ keys, ...PARTIES });
  const findKey = createLocalJWKSet(issuer.jwks);
  const verifier = createAccessTokenVerifier({ findKey, ...PARTIES });
  const refreshTokens = createRefreshTokens({ pool, log, secrets });
  return { pool, issuer, verifier, refreshTokens };
}
