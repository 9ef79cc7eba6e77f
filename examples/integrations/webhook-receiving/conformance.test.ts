import { randomBytes } from 'node:crypto';
import { testClock } from '@touchstone/kit/time/clock';
import { Webhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { createSigningSecret } from './secrets.ts';
import { signStandard, signStripe } from './sign.ts';
import { createVerifier } from './signatures.ts';

const { webhooks } = Stripe;

const NOW = new Date('2026-01-01T00:00:00Z');
const BODIES = [
  '{"id":"evt_1"}',
  '{ "id": "evt_1",\n\t"amount": 10.50 }\r\n',
  '{"id":"evt_1","name":"Zoë 💰","escaped":"\\u00eb"}',
  JSON.stringify({ id: 'evt_1', more: 'x'.repeat(20_000) }),
];
/** Seconds between the signature and its arrival. */
const AGES = [-301, -300, -1, 0, 1, 299, 300, 301, 86_400];

describe('Standard Webhooks, beside the package standardwebhooks', () => {
  it('verifies the vector that its implementations share', () => {
    const secret = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw';
    const id = 'msg_p5jXN8AQM9LWM0D4loKWxJek';
    const signature = 'v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=';
    const verify = createVerifier({
      scheme: 'standard',
      secrets: [secret],
      clock: () => new Date(1614265330 * 1000),
    });

    const found = verify({
      headers: {
        'webhook-id': id,
        'webhook-timestamp': '1614265330',
        'webhook-signature': signature,
      },
      body: Buffer.from('{"test": 2432232314}'),
    });

    expect(found).toBe(id);
  });

  it('accepts what the package signs, and refuses it when the package does', () => {
    const { secret, ours, theirs } = createStandardPeers();
    for (const body of BODIES) {
      for (const age of AGES) {
        const at = secondsAgo(age);
        const headers = {
          'webhook-id': 'msg_1',
          'webhook-timestamp': `${at.getTime() / 1000}`,
          'webhook-signature': new Webhook(secret).sign(
            'msg_1',
            at,
            body,
          ),
        };

        expect(ours(headers, body)).toBe(Math.abs(age) <= 300);
        expect(theirs(headers, body)).toBe(Math.abs(age) <= 300);
      }
    }
  });

  it('signs what the package accepts', () => {
    const { secret, theirs } = createStandardPeers();
    const other = createSigningSecret();
    for (const body of BODIES) {
      for (const secrets of [[secret], [other, secret]]) {
        const signed = { id: 'msg_1', body, at: NOW, secrets };
        expect(theirs(signStandard(signed), body)).toBe(true);
      }
    }
  });

  it('refuses whatever the package refuses', () => {
    const { secret, ours, theirs } = createStandardPeers();
    const [body = ''] = BODIES;
    const signed = signStandard({
      id: 'msg_1',
      body,
      at: NOW,
      secrets: [secret],
    });

    for (const headers of spoilEach(signed)) {
      expect(theirs(headers, body)).toBe(false);
      expect(ours(headers, body)).toBe(false);
    }
    for (const spoilt of spoil(body)) {
      expect(theirs(signed, spoilt)).toBe(false);
      expect(ours(signed, spoilt)).toBe(false);
    }
  });

  it('is stricter than the package: it compares bytes, not the text made of them', () => {
    const { secret, ours, theirs } = createStandardPeers();
    // Neither is UTF-8: both decode to the same replacement character.
    const sent = Buffer.from([0x22, 0xff, 0x22]);
    const arrived = Buffer.from([0x22, 0xfe, 0x22]);
    const headers = signStandard({
      id: 'msg_1',
      body: `${sent}`,
      at: NOW,
      secrets: [secret],
    });

    expect(theirs(headers, sent)).toBe(true);
    expect(theirs(headers, arrived)).toBe(true);
    expect(ours(headers, arrived)).toBe(false);
  });
});

describe('Stripe, beside the package stripe', () => {
  it('accepts what the package signs, and refuses it when the package does', () => {
    const { secret, ours, theirs } = createStripePeers();
    for (const body of BODIES) {
      for (const age of AGES) {
        const timestamp = secondsAgo(age).getTime() / 1000;
        const header = webhooks.generateTestHeaderString({
          payload: body,
          secret,
          timestamp,
        });

        expect(ours(header, body)).toBe(Math.abs(age) <= 300);
        // The package looks at the past only.
        expect(theirs(header, body)).toBe(age <= 300);
      }
    }
  });

  it('signs what the package accepts', () => {
    const { secret, theirs } = createStripePeers();
    const other = createSigningSecret();
    for (const body of BODIES) {
      for (const secrets of [[secret], [other, secret]]) {
        const signed = signStripe({ body, at: NOW, secrets });
        expect(theirs(signed['stripe-signature'], body)).toBe(true);
      }
    }
  });

  it('refuses whatever the package refuses', () => {
    const { secret, ours, theirs } = createStripePeers();
    const [body = ''] = BODIES;
    const signed = signStripe({ body, at: NOW, secrets: [secret] });
    const header = signed['stripe-signature'];
    const [time = '', mac = ''] = header.split(',');
    const headers = [
      ...spoil(header),
      '',
      time,
      mac,
      `${time},${mac.replace('v1', 'v0')}`,
      `t=1,${mac}`,
      `${header},t=1`,
      `${time}, ${mac}`,
    ];

    for (const spoilt of headers) {
      expect(theirs(spoilt, body)).toBe(false);
      expect(ours(spoilt, body)).toBe(false);
    }
    for (const spoilt of spoil(body)) {
      expect(theirs(header, spoilt)).toBe(false);
      expect(ours(header, spoilt)).toBe(false);
    }
  });
});

function createStandardPeers() {
  stopTheClock();
  const secret = createSigningSecret();
  const verify = createVerifier({
    scheme: 'standard',
    secrets: [secret],
    clock: testClock(NOW.toISOString()),
  });
  type Headers = Record<string, string>;
  return {
    secret,
    ours: (headers: Headers, body: string | Buffer) =>
      passes(() => verify({ headers, body: Buffer.from(body) })),
    theirs: (headers: Headers, body: string | Buffer) =>
      passes(() =>
        new Webhook(secret).verify(Buffer.from(body), headers, {
          jsonParse: false,
        }),
      ),
  };
}

function createStripePeers() {
  const secret = createSigningSecret();
  const verify = createVerifier({
    scheme: 'stripe',
    secrets: [secret],
    clock: testClock(NOW.toISOString()),
  });
  return {
    secret,
    ours: (header: string, body: string) =>
      passes(() =>
        verify({
          headers: { 'stripe-signature': header },
          body: Buffer.from(body),
        }),
      ),
    theirs: (header: string, body: string) =>
      passes(() =>
        webhooks.constructEvent(
          Buffer.from(body),
          header,
          secret,
          300,
          undefined,
          NOW.getTime(),
        ),
      ),
  };
}

/** The package asks the machine for the time; nothing else is replaced. */
function stopTheClock() {
  vi.useFakeTimers({ toFake: ['Date'], now: NOW });
  onTestFinished(() => void vi.useRealTimers());
}

function passes(check: () => unknown): boolean {
  try {
    check();
    return true;
  } catch {
    return false;
  }
}

const secondsAgo = (seconds: number) =>
  new Date(NOW.getTime() - seconds * 1000);

/** The text with one character changed, in each of two hundred places at most. */
function spoil(text: string): string[] {
  return Array.from(
    { length: Math.min(text.length, 200) },
    (_, at) =>
      text.slice(0, at) +
      String.fromCharCode((text.charCodeAt(at) ^ 1) & 0x7f) +
      text.slice(at + 1),
  );
}

/** Each header missing, empty, cut, and with each of its characters changed. */
function spoilEach(headers: Record<string, string>) {
  return Object.entries(headers).flatMap(([name, value]) => {
    const { [name]: _, ...others } = headers;
    const values = ['', value.slice(0, -1), ...spoil(value)];
    values.push(randomBytes(16).toString('hex'));
    return [
      others,
      ...values.map((one) => ({ ...headers, [name]: one })),
    ];
  });
}
