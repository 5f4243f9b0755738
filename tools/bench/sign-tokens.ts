import {
  decodeJwt,
  decodeProtectedHeader,
  importJWK,
  type JWK,
  type JWTHeaderParameters,
  SignJWT,
} from 'jose';

/** Signs as many other access tokens as are wanted that say the same as this one, each with an id of its own. */
export async function signLikeTokens(token: string, signingKeys: string, count: number): Promise<string[]> {
  const [jwk] = JSON.parse(signingKeys) as JWK[];
  if (jwk === undefined) throw new Error('there is no signing key');
  const key = await importJWK(jwk, 'ES256');
  const claims = decodeJwt(token);
  const header = decodeProtectedHeader(token) as JWTHeaderParameters;
  const tokens: string[] = [];
  while (tokens.length < count) {
    const jti = crypto.randomUUID();
    tokens.push(await new SignJWT({ ...claims, jti }).setProtectedHeader(header).sign(key));
  }
  return tokens;
}
