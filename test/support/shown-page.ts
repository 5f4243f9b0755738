import type { Answer } from './client.ts';

/** The markup of what a page is about, without its frame: the mark, the footer, styles and scripts. */
export function mainOf({ text }: Pick<Answer, 'text'>): string {
  return /<main\b[^>]*>(.*)<\/main>/s.exec(text)?.[1] ?? '';
}

/** The same as a person reads it: characters for the entities of HTML. */
export function readMain(answer: Pick<Answer, 'text'>): string {
  return decoded(mainOf(answer));
}

/** Characters for the entities of HTML. */
export function decoded(text: string): string {
  return text
    .replaceAll('&#39;', "'")
    .replaceAll('&quot;', '"')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>')
    .replaceAll('&amp;', '&');
}

export function titleOf(answer: Pick<Answer, 'text'>): string | undefined {
  return /<h1>([^<]*)<\/h1>/.exec(readMain(answer))?.[1];
}

/** What the page says went wrong. */
export function alertOf(answer: Pick<Answer, 'text'>): string | undefined {
  return /<p\b[^>]*role="alert">([^<]*)<\/p>/.exec(readMain(answer))?.[1];
}

/** What the page says was done. */
export function noticeOf(answer: Pick<Answer, 'text'>): string | undefined {
  return /<p\b[^>]*role="status">([^<]*)<\/p>/.exec(readMain(answer))?.[1];
}

/** The links of the page, by their texts. */
export function linksOf(answer: Pick<Answer, 'text'>): Record<string, string> {
  const links = [...readMain(answer).matchAll(/<a\b[^>]*?\shref="([^"]*)"[^>]*>([^<]*)</g)];
  return Object.fromEntries(links.map(([, href = '', text = '']) => [text, href]));
}

export function buttonsOf(answer: Pick<Answer, 'text'>): string[] {
  return [...readMain(answer).matchAll(/<button type="submit"[^>]*>([^<]*)</g)].map(([, text = '']) => text);
}

/** A form of the page: where it is posted, and its fields with the values that they have already. */
export interface ShownForm {
  readonly action: string;
  readonly fields: Readonly<Record<string, string>>;
}

/** Its forms, without that of the footer. */
export function formsOf(answer: Pick<Answer, 'text'>): ShownForm[] {
  return [...mainOf(answer).matchAll(/<form method="post" action="([^"]*)">(.*?)<\/form>/gs)].map(
    ([, action = '', inside = '']) => ({
      action,
      fields: Object.fromEntries(
        [...inside.matchAll(/<input\b([^>]*)>/g)]
          .filter(([, all = '']) => all.includes('name="') && !all.includes('type="checkbox"'))
          .map(([, all = '']) => [attribute(all, 'name'), attribute(all, 'value')]),
      ),
    }),
  );
}

function attribute(text: string, name: string): string {
  return decoded(new RegExp(`\\b${name}="([^"]*)"`).exec(text)?.[1] ?? '');
}
