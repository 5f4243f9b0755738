import type { PageView } from './page-view.ts';
import { ButtonLink, Card } from './pieces.tsx';

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
      <p>
        <a href={back}>{text.back}</a>
      </p>
    </Card>
  );
  return { title: text.title, body, forward: url };
}
