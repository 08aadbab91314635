import { type ChangeEvent, useState } from 'react';
import { type Identity as Someone, signInAs, signInWith } from '../../shared/session/session.ts';
import type { SessionState } from '../../shared/session/use-session.ts';
import { signInAddress } from '../../shared/session/provider.ts';
import { type SharedWords, useSharedWords, useSpeech } from '../../shared/i18n/speech.tsx';

const presets = [
  { userId: 'operator', roles: ['operator'] },
  { userId: '10', roles: ['rider'] },
  { userId: '11', roles: ['rider'] },
  { userId: 'auditor', roles: ['auditor'] },
  { userId: 'admin', roles: ['admin'] },
] as const satisfies readonly Someone[];

type Problem = 'signInFailed' | 'notAToken';

/** The identity of every request: in development any user, elsewhere that of the pasted token. */
export function Identity({ config, session, notice, signIn, signOut }: SessionState) {
  const words = useSharedWords();
  const { language } = useSpeech();
  const [problem, setProblem] = useState<Problem | null>(null);
  const current = session ? nameOf(session) : '';
  const isPreset = presets.some((preset) => nameOf(preset) === current);

  async function choose(event: ChangeEvent<HTMLSelectElement>) {
    const someone = presets.find((preset) => nameOf(preset) === event.target.value);
    // Whose requests are sent is all that is chosen here: nobody leaves.
    if (!someone) return signIn(null);
    try {
      signIn(await signInAs(someone, 'staff'));
      setProblem(null);
    } catch {
      setProblem('signInFailed');
    }
  }

  function paste(event: ChangeEvent<HTMLInputElement>) {
    const pasted = config && signInWith(event.target.value, 'staff', config);
    setProblem(pasted ? null : 'notAToken');
    if (pasted) signIn(pasted);
  }

  return (
    <div className="identity">
      {config?.provider ? (
        <>
          {current && <span>{current}</span>}
          {session ? (
            <button type="button" onClick={signOut}>
              {words.signOut}
            </button>
          ) : (
            <a href={signInAddress(config, language, notice)}>{words.signIn}</a>
          )}
        </>
      ) : config?.devTokens ? (
        <label>
          {words.signInAs}{' '}
          <select value={current} onChange={(event) => void choose(event)}>
            <option value="">{words.nobody}</option>
            {session && !isPreset && <option value={current}>{current}</option>}
            {presets.map((preset) => (
              <option key={preset.userId} value={nameOf(preset)}>
                {titleOf(preset, words)}
              </option>
            ))}
          </select>
        </label>
      ) : (
        <label>
          {words.pasteToken} <input type="password" autoComplete="off" onChange={paste} />
          {current && ` ${current}`}
        </label>
      )}
      <span role="status">{problem ? words[problem] : notice && words.signInNotices[notice]}</span>
    </div>
  );
}

function nameOf({ userId, roles }: Someone): string {
  return `${roles.join(' ')} ${userId}`;
}

function titleOf({ userId, roles: [role] }: (typeof presets)[number], words: SharedWords): string {
  return userId === role ? words.roles[role] : `${words.roles[role]} ${userId}`;
}
