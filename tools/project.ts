import { fileURLToPath } from 'node:url';

/** The folder of the project, with a trailing slash, wherever a tool is started from. */
export const projectFolder = fileURLToPath(new URL('..', import.meta.url));
