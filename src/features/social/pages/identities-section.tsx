import { commonErrors } from '../../../errors.ts';
import type { AccountSectionModule } from '../../../http/account-section.ts';
import { broughtSentence } from '../../../http/brought-sentence.ts';
import { answerView, readableDay, type SignedInRequest, seeOther } from '../../../http/page-request.ts';
import { Form } from '../../../ui/form.tsx';
import { onwardView } from '../../../ui/onward-view.tsx';
import { Alert, Entry } from '../../../ui/pieces.tsx';
import { listIdentities } from '../identities/list-identities.ts';
import type { Identity } from '../identities/own-identities.sql.ts';
import { unlinkProvider } from '../identities/unlink-provider.ts';
import { startLinking } from '../link/start-linking.ts';
import { configuredProviders } from '../providers/configured-providers.ts';
import { findProvider } from '../providers/find-provider.ts';
import { setVisitCookie } from '../visit/answer-visit.ts';

const path = '/account';
const sectionName = 'identities';

/** The accounts elsewhere that sign in to this one. */
export const section: AccountSectionModule = {
  async show(request, _holder, refused) {
    const { deps, caller, language } = request;
    const { title, intro, none, connect } = language.account.identities;
    const { usable } = configuredProviders(deps.config);
    const identities = await listIdentities(deps, caller);
    if (usable.length === 0 && identities.length === 0) return null;
    const linked = new Set(identities.map(({ provider }) => provider));
    const problem = refused?.problem.sentence ?? broughtSentence(request, 'account');
    const body = (
      <>
        {problem && <Alert text={problem} />}
        <p class="muted">{identities.length === 0 ? none : intro}</p>
        {identities.length > 0 && (
          <ul class="list">
            {identities.map((identity) => (
              <Linked request={request} identity={identity} />
            ))}
          </ul>
        )}
        <div class="buttons">
          {usable
            .filter(({ id }) => !linked.has(id))
            .map(({ id, name }) => (
              <Form
                id={`connect-${id}`}
                action={path}
                hidden={{ section: sectionName, action: 'connect', provider: id }}
                submit={connect(name)}
                look="plain"
              />
            ))}
        </div>
      </>
    );
    return { title, body };
  },

  async receive(request, { action, provider = '' }) {
    switch (action) {
      case 'connect':
        return connectProvider(request, provider);
      case 'remove':
        await unlinkProvider(request.deps, request.caller, provider);
        return seeOther(`${path}#${sectionName}`, 'identity_removed');
      default:
        throw commonErrors.malformed_form();
    }
  },
};

async function connectProvider(request: SignedInRequest, id: string): Promise<Response> {
  const { c, deps, caller, language } = request;
  const provider = findProvider(deps.config, id);
  const redirectTo = new URL(`${path}#${sectionName}`, deps.config.baseUrl).href;
  const { url, sealedVisit } = await startLinking(deps, { provider, caller, redirectTo });
  const { title, text, link, back } = language.signIn.onward;
  const words = { title: title(provider.name), text, link: link(provider.name), back };
  const response = await answerView(request, onwardView(words, url, path));
  const cookies = c.req.raw.headers.get('Cookie');
  setVisitCookie(response.headers, sealedVisit, provider.responseMode, cookies);
  return response;
}

function Linked({ request, identity }: { readonly request: SignedInRequest; readonly identity: Identity }) {
  const { deps, language } = request;
  const { provider, email, linkedAt } = identity;
  const { since, remove, removeShort } = language.account.identities;
  const name = configuredProviders(deps.config).usable.find(({ id }) => id === provider)?.name ?? provider;
  return (
    <Entry title={name} notes={[email, since(readableDay(request, linkedAt))]}>
      <Form
        id={`remove-${provider}`}
        action={path}
        hidden={{ section: sectionName, action: 'remove', provider }}
        submit={removeShort}
        submitLabel={remove(name)}
        look="plain"
      />
    </Entry>
  );
}
