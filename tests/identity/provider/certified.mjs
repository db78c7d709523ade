// Two certified OpenID providers on loopback: one by redirect, one by CIBA in poll mode. Started by the tests of sign-in,
// which read the addresses from its first line and end it by closing its standard input. Keeps everything in memory.

import { createServer } from 'node:http';
import Provider from 'oidc-provider';

// Its advice for production would fill the pipe that the address is read from.
console.info = () => {};

const CLIENT = { client_id: 'charye', client_secret: 'a secret of the tests' };
const REDIRECT = process.argv[2] ?? 'https://vaccine.example/sign-in/redirect/callback';

const CLAIMS = { name: '김차례', birthdate: '1985-02-28', phone_number: '+82 10-1234-5678' };
const shared = {
  claims: { openid: ['sub'], profile: ['name', 'birthdate'], phone: ['phone_number'] },
  conformIdTokenClaims: false,
  findAccount: (_, sub) => ({ accountId: sub, claims: () => ({ sub, ...CLAIMS }) }),
  cookies: { keys: ['of the tests'] },
};

/** Listens on a free port of loopback; `make(issuer)` gives what answers there. */
async function listen(make) {
  const server = createServer();
  await new Promise((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = `http://127.0.0.1:${server.address().port}`;
  server.on('request', make(address));
  return address;
}

const redirect = await listen((issuer) =>
  new Provider(issuer, {
    ...shared,
    clients: [{ ...CLIENT, redirect_uris: [REDIRECT] }],
    pkce: { required: () => true },
  }).callback(),
);

const asked = [];
let app;
const ciba = await listen((issuer) => {
  app = new Provider(issuer, {
    ...shared,
    clients: [
      {
        ...CLIENT,
        grant_types: ['urn:openid:params:grant-type:ciba'],
        response_types: [],
        redirect_uris: [],
        backchannel_token_delivery_mode: 'poll',
      },
    ],
    features: {
      ciba: {
        enabled: true,
        deliveryModes: ['poll'],
        processLoginHint: (_, hint) => (hint.startsWith('nobody') ? undefined : hint),
        verifyUserCode: () => {},
        validateBindingMessage: () => {},
        validateRequestContext: () => {},
        triggerAuthenticationDevice: (_, request, account, client) => void asked.push({ request, account, client }),
      },
    },
  });
  return app.callback();
});

// The citizen's hand on the app: POST /confirm or /deny answers whoever was asked last.
const hand = await listen(() => async (question, answer) => {
  const { request, account, client } = asked.pop() ?? {};
  if (question.url === '/deny') {
    await app.backchannelResult(request, new (await errors()).AccessDenied('the citizen said no'));
  } else {
    const grant = new app.Grant({ accountId: account.accountId, clientId: client.clientId });
    grant.addOIDCScope('openid profile phone');
    await grant.save();
    await app.backchannelResult(request, grant);
  }
  answer.end();
});

async function errors() {
  return (await import('oidc-provider')).errors;
}

console.log(JSON.stringify({ redirect, ciba, hand }));
process.stdin.on('end', () => process.exit(0)).resume();
