import type { Context } from 'hono';
import type { ConfigError } from '../config/variable-reader.ts';
import type { Env } from '../config.ts';
import type { RequestDeps } from '../create-deps.ts';
import type { VisitorReader } from '../joints/visitor-reader.ts';
import type { Runtime } from '../runtime.ts';

/** The contents of Hono's context in this service: read by `c.get`, since Hono makes `c.var` anew each time. */
export interface AppEnv {
  Bindings: Env;
  Variables: {
    requestId: string;
    runtime: Runtime | ConfigError | undefined;
    /** Absent while the configuration is unusable. */
    deps: RequestDeps | undefined;
    /** How pages learn who visits them. */
    visitorReaders: readonly (() => Promise<VisitorReader>)[];
    /** Whether the path is that of a page that is served here; undefined where no route was found. */
    isPage: boolean | undefined;
  };
}

/** The context of one request. It is not passed beyond `routes.ts`: flows take `Deps` and plain input. */
export type RequestContext = Context<AppEnv>;
