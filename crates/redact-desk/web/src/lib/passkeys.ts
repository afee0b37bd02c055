// Passkeys: the browser's own functions, with options and results as JSON.

/** Whether this browser can use passkeys on this page, which needs TLS or this machine's name. */
export const canUsePasskeys = (): boolean =>
  typeof PublicKeyCredential !== 'undefined' &&
  typeof PublicKeyCredential.parseCreationOptionsFromJSON === 'function' &&
  typeof PublicKeyCredential.parseRequestOptionsFromJSON === 'function';

/** A reason why there is no passkey that is no fault of the desk. */
export class PasskeyProblem extends Error {}

function problemOf(cause: unknown): PasskeyProblem {
  const name = cause instanceof Error ? cause.name : '';
  switch (name) {
    case 'NotAllowedError':
      return new PasskeyProblem(
        'No passkey was used: the request was cancelled, took too long, or this device has no passkey for this desk.',
      );
    case 'InvalidStateError':
      return new PasskeyProblem('This device already has a passkey for your account.');
    case 'SecurityError':
      return new PasskeyProblem(
        'This browser does not allow passkeys here. Open the desk by its host name, with a certificate that the browser trusts.',
      );
    default:
      return new PasskeyProblem(
        `The passkey failed: ${cause instanceof Error ? cause.message : String(cause)}`,
      );
  }
}

async function json(credential: Promise<Credential | null>): Promise<unknown> {
  try {
    const found = await credential;
    if (found === null) throw new DOMException('', 'NotAllowedError');
    return (found as PublicKeyCredential).toJSON();
  } catch (cause) {
    throw problemOf(cause);
  }
}

/** Makes a passkey; `options` are the server's. */
export const makePasskey = (options: unknown): Promise<unknown> =>
  json(
    navigator.credentials.create({
      publicKey: PublicKeyCredential.parseCreationOptionsFromJSON(
        options as PublicKeyCredentialCreationOptionsJSON,
      ),
    }),
  );

/** Signs the server's challenge with a passkey that the person chooses. */
export const usePasskey = (options: unknown): Promise<unknown> =>
  json(
    navigator.credentials.get({
      publicKey: PublicKeyCredential.parseRequestOptionsFromJSON(
        options as PublicKeyCredentialRequestOptionsJSON,
      ),
    }),
  );
