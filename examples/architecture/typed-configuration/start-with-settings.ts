import { EnvironmentError } from './environment.ts';
import {
  readShopSettings,
  type ShopSettings,
} from './shop-settings.ts';

// #region wire
/** Returns the exit code: 1 when a setting is wrong, and printed. */
export function startWithSettings(
  start: (settings: ShopSettings) => void,
  environment = process.env,
): number {
  try {
    start(readShopSettings(environment));
    return 0;
  } catch (error) {
    if (!(error instanceof EnvironmentError)) throw error;
    // An operator needs the sentences; a stack would not help.
    console.error(error.message);
    return 1;
  }
}
// #endregion wire
