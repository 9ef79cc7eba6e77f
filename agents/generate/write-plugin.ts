const DESCRIPTION = 'Backend patterns in TypeScript; a named test ran every line of their pages';

/** The catalogue that makes the repository a place to install the plugin from. */
export function writeMarketplace(): string {
  return writeJson({
    name: 'touchstone',
    description: DESCRIPTION,
    owner: { name: 'Touchstone' },
    plugins: [{ name: 'touchstone', source: './agents', description: DESCRIPTION }],
  });
}

/** The plugin: its skills are found in `skills/` beside it. */
export function writePlugin(version: string): string {
  return writeJson({
    name: 'touchstone',
    version,
    description: DESCRIPTION,
    author: { name: 'Touchstone' },
    license: 'MIT',
  });
}

const writeJson = (value: object): string => `${JSON.stringify(value, null, 2)}\n`;
