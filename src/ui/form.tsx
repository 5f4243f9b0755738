import type { Child } from 'hono/jsx';
import type { FieldView, FormRefusal } from './page-view.ts';

interface FormProps {
  readonly action: string;
  /** Distinguishes the fields of several forms on one page. */
  readonly id: string;
  /** Hidden fields. */
  readonly hidden?: Readonly<Record<string, string | undefined>>;
  readonly fields?: readonly FieldView[];
  /** The button. */
  readonly submit: string;
  /** Whose password is asked for, for password managers: it is neither shown nor posted. */
  readonly username?: string;
  /** For readers who hear one button after the other: it begins with the text of the button. */
  readonly submitLabel?: string | undefined;
  readonly look?: 'plain' | 'danger';
  /** Why the last submission was refused; null for the first one. */
  readonly refusal?: FormRefusal | null;
  /** Whether the first field is focused where nothing was refused: on a page of one form. */
  readonly isFocused?: boolean;
  /** What stands between the fields and the button. */
  readonly children?: Child;
}

/** A form that posts with or without JavaScript. */
export function Form(props: FormProps) {
  const { action, id, hidden = {}, fields = [], submit, look, refusal = null, isFocused = false } = props;
  const focused = focusOf(fields, refusal, isFocused);
  // Told once: at the field, where it is about one alone.
  const atField = fields.find(({ name }) => refusal?.fields[name] === refusal?.sentence)?.name;
  return (
    <form method="post" action={action}>
      {refusal && atField === undefined && (
        <p class="alert" role="alert">
          {refusal.sentence}
        </p>
      )}
      <HiddenFields hidden={hidden} />
      {props.username && <input type="text" autocomplete="username" value={props.username} hidden />}
      {fields.map((field) => (
        <Field
          {...field}
          id={`${id}-${field.name}`}
          error={refusal?.fields[field.name]}
          isAlert={field.name === atField}
          isFocused={field.name === focused}
        />
      ))}
      {props.children}
      <button type="submit" class={look} aria-label={props.submitLabel}>
        {submit}
      </button>
    </form>
  );
}

/** The field where whoever reads the refusal goes on: the first wrong one, else the first that is empty again. */
function focusOf(
  fields: readonly FieldView[],
  refusal: FormRefusal | null,
  isFocused: boolean,
): string | undefined {
  if (refusal === null) return isFocused ? fields[0]?.name : undefined;
  const wrong = fields.find(({ name }) => refusal.fields[name] !== undefined);
  const empty = fields.find(({ value = '' }) => value === '');
  return (wrong ?? empty ?? fields[0])?.name;
}

function HiddenFields({ hidden }: { readonly hidden: Readonly<Record<string, string | undefined>> }) {
  return (
    <>
      {Object.entries(hidden).map(
        ([name, value]) => value !== undefined && <input type="hidden" name={name} value={value} />,
      )}
    </>
  );
}

interface FieldProps extends FieldView {
  readonly id: string;
  readonly error: string | undefined;
  /** Whether the error is what the page has to say first. */
  readonly isAlert: boolean;
  readonly isFocused: boolean;
}

function Field(props: FieldProps) {
  const { id, name, label, type, autocomplete, hint, value, error, isAlert, isFocused, isOptional } = props;
  const isCode = type === 'code';
  const described = [hint && `${id}-hint`, error && `${id}-error`].filter(Boolean).join(' ');
  return (
    <div class="field">
      <label for={id}>{label}</label>
      <input
        name={name}
        type={isCode ? 'text' : type}
        autocomplete={autocomplete}
        id={id}
        class={isCode ? 'code' : undefined}
        inputmode={isCode ? 'numeric' : undefined}
        autocapitalize={type === 'text' ? undefined : 'none'}
        spellcheck={type === 'text' ? undefined : false}
        value={value?.slice(0, echoedLengthMax)}
        required={!isOptional}
        autofocus={isFocused}
        aria-invalid={error ? 'true' : undefined}
        aria-describedby={described || undefined}
      />
      {hint && (
        <p class="hint" id={`${id}-hint`}>
          {hint}
        </p>
      )}
      {error && (
        <p class="error" id={`${id}-error`} role={isAlert ? 'alert' : undefined}>
          {error}
        </p>
      )}
    </div>
  );
}

/** Of what was typed: no field has a longer value, and an answer is not much longer than its request. */
const echoedLengthMax = 320;

/** A box to tick inside a form; it posts `true`. */
export function Checkbox({ name, label, hint, isChecked }: CheckboxProps) {
  return (
    <div class="field">
      <label class="check">
        <input type="checkbox" name={name} value="true" checked={isChecked} />
        <span>
          {label}
          {hint && <small class="hint"> {hint}</small>}
        </span>
      </label>
    </div>
  );
}

interface CheckboxProps {
  readonly name: string;
  readonly label: string;
  readonly hint?: string;
  readonly isChecked: boolean;
}
