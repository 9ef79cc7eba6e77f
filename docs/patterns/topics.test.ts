import { expect, it } from 'vitest';
import type { SitePattern } from './library.ts';
import { titlePlannedTopic } from './topics.ts';

const hashing = { id: 'auth/password-hashing', data: { topics: [] } };
const patterns = [hashing] as unknown as SitePattern[];

it('titles a topic that is planned', () => {
  expect(titlePlannedTopic('auth/saml-sso', patterns)).toBe('Enterprise SSO with SAML 2.0');
});

it('refuses a topic that is written, so that its page is linked instead', () => {
  expect(() => titlePlannedTopic('auth/password-hashing', patterns)).toThrow('is written');
});

it('refuses a topic that nobody plans', () => {
  expect(() => titlePlannedTopic('auth/passwords', patterns)).toThrow('The catalogue has no');
});
