/** Fills the values into a configuration, and nothing else: `$host` and its like belong to the program. */
export function fillIn(text: string, values: Record<string, string>): string {
  return text.replace(/\$\{([A-Z][A-Z0-9_]*)\}/g, (_found, name: string) => {
    const value = values[name];
    if (value === undefined)
      throw new Error(`the configuration asks for \${${name}}: give it in values`);
    return value;
  });
}
