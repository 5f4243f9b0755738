import { Form } from './form.tsx';
import type { FieldView, FormRefusal, PageView } from './page-view.ts';
import { ButtonLink, Card, Paragraphs } from './pieces.tsx';

/** A page that the link of a mail opens: what its button does, and the form. */
export function linkView(page: {
  readonly text: { readonly title: string; readonly paragraphs: readonly string[]; readonly submit: string };
  readonly path: string;
  readonly token: string;
  readonly fields: readonly FieldView[];
  readonly refusal: FormRefusal | null;
}): PageView {
  const { text, path, token, fields, refusal } = page;
  const body = (
    <Card>
      <Paragraphs texts={text.paragraphs} />
      <Form
        {...{ id: 'link', action: path, hidden: { token }, fields, refusal }}
        submit={text.submit}
        isFocused
      />
    </Card>
  );
  const shownAt = `${path}?${new URLSearchParams({ token })}`;
  return { title: text.title, body, shownAt, hasSecretQuery: true };
}

/** A page that says something, and leads on. */
export function messageView(
  { title, paragraphs }: { readonly title: string; readonly paragraphs: readonly string[] },
  onward: { readonly href: string; readonly text: string } | null,
): PageView {
  const body = (
    <Card>
      <Paragraphs texts={paragraphs} />
      {onward && (
        <p>
          <ButtonLink href={onward.href} text={onward.text} />
        </p>
      )}
    </Card>
  );
  return { title, body };
}
