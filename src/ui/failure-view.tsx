import { Form } from './form.tsx';
import type { PageView } from './page-view.ts';
import { Card, LinkLine } from './pieces.tsx';

/** A page that says what went wrong, by which id the log has it, and how to go on. */
export function failureView(
  text: {
    readonly errorPage: { readonly title: string; readonly reference: string; readonly again: string };
    readonly frame: { readonly onward: string };
  },
  failure: {
    readonly sentence: string;
    readonly requestId: string;
    /** What can be sent once more, with what was typed; null where nothing can. */
    readonly form: { readonly action: string; readonly fields: Readonly<Record<string, string>> } | null;
    /** Where somebody goes on in any case; null for nowhere. */
    readonly home: string | null;
  },
): PageView {
  const { sentence, requestId, form, home } = failure;
  const { title, reference, again } = text.errorPage;
  const body = (
    <Card>
      <p role="alert">{sentence}</p>
      {form && <Form id="again" action={form.action} hidden={form.fields} submit={again} look="plain" />}
      {home && <LinkLine href={home} text={text.frame.onward} />}
      <p class="muted">
        <small>{`${reference}: ${requestId}`}</small>
      </p>
    </Card>
  );
  return { title, body };
}
