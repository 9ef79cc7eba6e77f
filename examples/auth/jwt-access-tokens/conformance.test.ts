import { createLocalJWKSet } from 'jose';
import { expect, it } from 'vitest';
import { PARTIES } from './test-site.ts';
import { createAccessTokenVerifier } from './verify-access-tokens.ts';
import vectors from './wycheproof-es256.json' with { type: 'json' };

// Their payload is "foo": a signature that counts gets as far as that.
const NOT_CLAIMS = 'ERR_JWT_INVALID';

for (const { comment, public: key, tests } of vectors.groups) {
  it.each(tests)(
    `judges the signature of Wycheproof's ${comment}, $comment ($tcId), as $result`,
    async ({ jws, result }) => {
      const findKey = createLocalJWKSet({ keys: [key] });
      const { verify } = createAccessTokenVerifier({
        findKey,
        ...PARTIES,
      });

      const error = await verify(jws).catch((refusal) => refusal);

      expect(error).toMatchObject({ code: 'invalid_token' });
      const isValid = error.cause.code === NOT_CLAIMS;
      expect(isValid).toBe(result === 'valid');
    },
  );
}
