import { randomBytes } from 'node:crypto';
import { expect, it, onTestFinished, vi } from 'vitest';
import type { ShopSettings } from './shop-settings.ts';
import { startWithSettings } from './start-with-settings.ts';

const RIGHT = {
  SHOP_BASE_URL: 'https://shop.test',
  SHOP_DATABASE_URL: 'postgres://shop:pw@db/shop',
  SHOP_SESSION_KEY: randomBytes(32).toString('base64url'),
};

it('starts with the settings', () => {
  const started: ShopSettings[] = [];

  const code = startWithSettings(
    (settings) => void started.push(settings),
    { ...RIGHT },
  );

  expect(code).toBe(0);
  expect(started[0]?.SHOP_PORT).toBe(3000);
});

it('prints what is wrong and does not start', () => {
  const printed = vi.spyOn(console, 'error').mockReturnValue();
  onTestFinished(() => printed.mockRestore());
  const start = vi.fn();

  const code = startWithSettings(start, { ...RIGHT, SHOP_PORT: 'x' });

  expect(code).toBe(1);
  expect(start).not.toHaveBeenCalled();
  expect(printed).toHaveBeenCalledWith(
    'SHOP_PORT: must be a whole number from 0 to 65535',
  );
});

it('leaves other errors to the caller', () => {
  const start = () => {
    throw new Error('port in use');
  };

  expect(() => startWithSettings(start, { ...RIGHT })).toThrow(
    'port in use',
  );
});
