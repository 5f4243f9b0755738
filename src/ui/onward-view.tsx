import type { PageView } from './page-view.ts';
import { ButtonLink, Card, LinkLine } from './pieces.tsx';

/**
 * Leads to another site by itself, and by a link: browsers would hold a redirect that answers a form against `form-action`,
 * which lets nobody leave this service (HDR-03).
 */
export function onwardView(
  text: { readonly title: string; readonly text: string; readonly link: string; readonly back: string },
  url: string,
  back: string,
): PageView {
  const body = (
    <Card>
      <p>{text.text}</p>
      <p>
        <ButtonLink href={url} text={text.link} />
      </p>
      <LinkLine href={back} text={text.back} />
    </Card>
  );
  return { title: text.title, body, forward: url };
}
