import { stripVTControlCharacters } from 'node:util';

/** Lines that wrangler prints on every start and that ours replace. */
const noise: readonly RegExp[] = [
  /^\s*$/,
  /^ ⛅️ wrangler /,
  /^[─-]+$/,
  /^Using secrets defined in /,
  /^Your Worker has access to the following bindings:/,
  /^Binding +Resource +Mode/,
  /^env\.\w+ /,
  /^⎔ Starting local server/,
  /^\[custom build\] Running: /,
  /^Attaching additional modules:/,
  /^[┌├└│]/,
  /\[wrangler:info\] Ready on /,
  /^🪵 +Logs were written to /,
  /update available/i,
  /telemetry|wrangler telemetry disable/i,
  /Unable to fetch the `Request\.cf` object/,
  /Scheduled Workers are not automatically triggered/,
  /^ +To manually trigger a scheduled event, run:/,
  /^ +curl "http:\/\/\S+\/cdn-cgi\/\S+scheduled"/,
  /^ +For more details, see https:\/\/developers\.cloudflare\.com\/workers\/configuration\/cron-triggers/,
];

/**
 * Converts a line of wrangler's output for `npm run dev`: without colours, a log line of the Worker without
 * wrangler's decoration; undefined for noise.
 */
export function cleanLine(line: string): string | undefined {
  const text = stripVTControlCharacters(line).trimEnd();
  // The Worker's own lines come first: they are never noise.
  const own = /^(?:\S+ \[(?:ERROR|WARNING)\] )?(\{"time":.*\})$/.exec(text);
  if (own) return own[1];
  return noise.some((pattern) => pattern.test(text)) ? undefined : text;
}
