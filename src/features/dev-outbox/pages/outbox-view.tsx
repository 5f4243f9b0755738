import type { PageView } from '../../../ui/page-view.ts';
import { Card, LinkLine } from '../../../ui/pieces.tsx';
import type { ReadableMail } from '../read-mail.ts';

const path = '/dev/outbox';

// Pages for developers are in English, like the code and its documentation.

/** Every mail that waits, newest first. */
export function outboxView(mails: readonly ReadableMail[]): PageView {
  const intro =
    mails.length > 0
      ? 'No mail is sent: mails stay here until their links expire. Newest first.'
      : 'There is no mail yet. Register an account or ask for a new password, then load this page again.';
  const body = (
    <Card>
      <p class="muted">{intro}</p>
      <ul class="list">
        {mails.map(({ id, kind, recipient, createdAt, subject }) => (
          <li>
            <div>
              <LinkLine href={`${path}/${id}`} text={subject} />
              <p class="muted">
                <small>{`to ${recipient}, ${kind}, ${createdAt}`}</small>
              </p>
            </div>
          </li>
        ))}
      </ul>
    </Card>
  );
  return { title: 'Outbox', body, width: 'wide' };
}

/** One mail, as its recipient would read it, and its link. */
export function mailView({ subject, recipient, kind, createdAt, text, url }: ReadableMail): PageView {
  const body = (
    <Card>
      <p class="muted">{`To ${recipient}, ${kind}, ${createdAt}`}</p>
      <pre>{text}</pre>
      {url !== null && (
        <p>
          <a class="button" href={url}>
            Follow the link
          </a>
        </p>
      )}
      <LinkLine href={path} text="All mails" />
    </Card>
  );
  return { title: subject, body, width: 'wide' };
}
