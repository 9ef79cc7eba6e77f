import { jwtVerify, SignJWT } from 'jose';

/** The tempting way: the refresh token is a JWT too, and no table is needed. */
export function createNaiveTokens({ secret }: { secret: Uint8Array }) {
  const sign = (userId: string, use: string, lifetime: string) =>
    new SignJWT({ use })
      .setProtectedHeader({ alg: 'HS256' })
      .setSubject(userId)
      .setIssuedAt()
      .setExpirationTime(lifetime)
      .sign(secret);

  async function issue(userId: string) {
    return {
      accessToken: await sign(userId, 'access', '5m'),
      refreshToken: await sign(userId, 'refresh', '30d'),
    };
  }

  // #region naive-refresh
  async function refresh(refreshToken: string) {
    const { payload } = await jwtVerify(refreshToken, secret);
    return issue(`${payload.sub}`);
  }

  // There is nothing to delete: the client forgets its token.
  async function logout() {}
  // #endregion naive-refresh

  async function verify(accessToken: string) {
    const { payload } = await jwtVerify(accessToken, secret);
    return { userId: `${payload.sub}` };
  }

  return { issue, refresh, logout, verify };
}
