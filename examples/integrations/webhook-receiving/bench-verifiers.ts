import { createHmac } from 'node:crypto';
import { compare } from '@touchstone/kit/testing/bench';
import { systemClock } from '@touchstone/kit/time/clock';
import { Webhook } from 'standardwebhooks';
import Stripe from 'stripe';
import { writeEvent } from './bench-sender.ts';
import { signStandard, signStripe } from './sign.ts';
import { createVerifier } from './signatures.ts';

/** How often a second one thread verifies the signature of one body. */
export function compareVerifiers(secret: string) {
  const text = writeEvent();
  const body = Buffer.from(text);
  const signed = {
    id: 'msg_1',
    body,
    at: new Date(),
    secrets: [secret],
  };
  const headers = signStandard(signed);
  const stripeHeaders = signStripe(signed);
  const options = { secrets: [secret], clock: systemClock };
  const standard = createVerifier({ scheme: 'standard', ...options });
  const stripe = createVerifier({ scheme: 'stripe', ...options });
  const webhook = new Webhook(secret);
  const key = Buffer.from(secret.slice(6), 'base64');

  function verifyNaively() {
    const payload = JSON.stringify(JSON.parse(`${body}`));
    const mac = createHmac('sha256', key)
      .update(`msg_1.${headers['webhook-timestamp']}.${payload}`)
      .digest('base64');
    return headers['webhook-signature'] === `v1,${mac}`;
  }

  return compare({
    title: `Verifying a body of ${body.length} bytes, one thread`,
    unit: 'verifications/s',
    better: 'higher',
    contenders: [
      {
        name: 'this pattern, Standard Webhooks',
        measure: measureLoop(() => standard({ headers, body })),
      },
      {
        name: 'JSON.parse first (naive)',
        measure: measureLoop(verifyNaively),
        note: 'no timestamp, no constant time',
      },
      {
        name: 'standardwebhooks 1.1.1',
        measure: measureLoop(() =>
          webhook.verify(body, headers, { jsonParse: false }),
        ),
        note: 'SHA-256 in JavaScript',
      },
      {
        name: 'this pattern, Stripe',
        measure: measureLoop(() =>
          stripe({ headers: stripeHeaders, body }),
        ),
        note: 'parses the body for its id',
      },
      {
        name: 'stripe 23.1.0, constructEvent',
        measure: measureLoop(() =>
          Stripe.webhooks.constructEvent(
            body,
            stripeHeaders['stripe-signature'],
            secret,
          ),
        ),
        note: 'parses the body too',
      },
    ],
  });
}

function measureLoop(work: () => unknown) {
  return async () => {
    const start = performance.now();
    let done = 0;
    for (; performance.now() - start < 500; done += 50)
      for (let n = 0; n < 50; n++) work();
    return done / ((performance.now() - start) / 1000);
  };
}
