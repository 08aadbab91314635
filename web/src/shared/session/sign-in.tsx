import './sign-in.css';
import { type SubmitEvent, useRef, useState } from 'react';
import { Button, Field, LinkButton } from '../ui/controls.tsx';
import { useSharedWords, useSpeech } from '../i18n/speech.tsx';
import { type SessionNotice, signInAddress } from './provider.ts';
import { type Area, type Config, type Identity, type Session, signInAs, signInWith, TokenRefused } from './session.ts';

interface SignInProps {
  config: Config;
  area: Area;
  notice: SessionNotice | null;
  onSignedIn: (session: Session) => void;
}

/** In development as anyone; elsewhere at the provider or, without one, with a token that was issued there. */
export function SignIn({ config, notice, ...rest }: SignInProps) {
  if (config.provider) return <SignInLink config={config} notice={notice} />;
  return config.devTokens ? <SignInAs {...rest} /> : <SignInWith config={config} {...rest} />;
}

interface SignInLinkProps {
  config: Config;
  notice: SessionNotice | null;
}

/** Leads to the provider and back to this page. */
export function SignInLink({ config, notice }: SignInLinkProps) {
  const words = useSharedWords();
  const { language } = useSpeech();
  return <LinkButton href={signInAddress(config, language, notice)}>{words.signIn}</LinkButton>;
}

const roles = ['operator', 'rider', 'auditor', 'admin'] as const;
type Role = (typeof roles)[number];

const presets: Record<Area, readonly (Identity & { roles: readonly [Role] })[]> = {
  staff: [
    { userId: 'operator', roles: ['operator'] },
    { userId: 'admin', roles: ['admin'] },
  ],
  rider: [
    { userId: '10', roles: ['rider'] },
    { userId: '11', roles: ['rider'] },
  ],
};

type AreaProps = Omit<SignInProps, 'config' | 'notice'>;

function SignInAs({ area, onSignedIn }: AreaProps) {
  const words = useSharedWords();
  const [userId, setUserId] = useState('');
  const [role, setRole] = useState<Role>(area === 'rider' ? 'rider' : 'operator');
  const [failed, setFailed] = useState<'failed' | 'unknownOrigin' | null>(null);
  const [missing, setMissing] = useState(false);
  const field = useRef<HTMLInputElement>(null);

  const signIn = async (identity: Identity) => {
    try {
      setFailed(null);
      onSignedIn(await signInAs(identity, area));
    } catch (error) {
      setFailed(error instanceof TokenRefused && error.isUnknownOrigin ? 'unknownOrigin' : 'failed');
    }
  };
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const isMissing = userId.trim() === '';
    setMissing(isMissing);
    if (isMissing) field.current?.focus();
    else void signIn({ userId: userId.trim(), roles: [role] });
  };

  return (
    <form className="sign-in" noValidate onSubmit={submit}>
      <div className="presets">
        {presets[area].map((preset) => (
          <Button key={preset.userId} weight="plain" onPress={() => void signIn(preset)}>
            {`${words.roles[preset.roles[0]]} ${preset.userId}`}
          </Button>
        ))}
      </div>
      <div className="sign-in-other">
        <Field label={words.userId} error={missing ? words.userIdMissing : null}>
          {(ids) => (
            <input
              {...ids}
              ref={field}
              value={userId}
              maxLength={64}
              autoComplete="off"
              onChange={(event) => {
                setUserId(event.target.value);
                setMissing(false);
                setFailed(null);
              }}
            />
          )}
        </Field>
        <Field label={words.role}>
          {(ids) => (
            <select {...ids} value={role} onChange={(event) => setRole(event.target.value as Role)}>
              {roles.map((name) => (
                <option key={name} value={name}>
                  {words.roles[name]}
                </option>
              ))}
            </select>
          )}
        </Field>
      </div>
      <Button type="submit">{words.signIn}</Button>
      <p className="outcome" role="status" data-tone="error">
        {failed && (failed === 'failed' ? words.signInFailed : words.unknownOrigin(location.origin))}
      </p>
    </form>
  );
}

function SignInWith({ config, area, onSignedIn }: Omit<SignInProps, 'notice'>) {
  const words = useSharedWords();
  const [token, setToken] = useState('');
  const [failed, setFailed] = useState(false);
  const submit = (event: SubmitEvent) => {
    event.preventDefault();
    const session = signInWith(token, area, config);
    setFailed(!session);
    if (session) onSignedIn(session);
  };
  return (
    <form className="sign-in" noValidate onSubmit={submit}>
      <Field label={words.pasteToken} error={failed ? words.notAToken : null}>
        {(ids) => (
          <textarea
            {...ids}
            value={token}
            rows={3}
            spellCheck={false}
            onChange={(event) => {
              setToken(event.target.value);
              setFailed(false);
            }}
          />
        )}
      </Field>
      <Button type="submit">{words.signIn}</Button>
    </form>
  );
}
