import { preferredLocale } from '../../http/accept-language.ts';
import { defineRoute } from '../../http/route.ts';
import { answerTokens } from '../sessions/index.ts';
import { login } from './login.ts';
import { register } from './register.ts';
import { LoginRequest, registerRequest } from './schemas.ts';

const registerRoute = defineRoute(
  {
    method: 'POST',
    path: '/api/auth/register',
    guard: 'anyone',
    body: ({ config }) => registerRequest(config.password.minLength),
  },
  async (c, { deps, body: { email, name, password, transport } }) => {
    const locale = preferredLocale(c.req.raw.headers);
    const { user, tokens } = await register(deps, { email, name, password, transport, locale });
    return answerTokens(c, 201, tokens, { user });
  },
);

const loginRoute = defineRoute(
  { method: 'POST', path: '/api/auth/login', guard: 'anyone', body: LoginRequest },
  async (c, { deps, body: { email, password, transport } }) => {
    const { user, tokens } = await login(deps, { email, password, transport });
    return answerTokens(c, 200, tokens, { user });
  },
);

export const routes = [registerRoute, loginRoute];
