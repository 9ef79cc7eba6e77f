/** The colours of code in one scheme. */
type Palette = {
  text: string;
  comment: string;
  keyword: string;
  string: string;
  name: string;
  value: string;
  wrong: string;
};

const DARK: Palette = {
  text: '#d8d9dd',
  comment: '#8d929e',
  keyword: '#9fb4d9',
  string: '#b9c694',
  name: '#f6f5f1',
  value: '#dfa98a',
  wrong: '#f08c78',
};

const LIGHT: Palette = {
  text: '#33353b',
  comment: '#6f6d67',
  keyword: '#2f4f86',
  string: '#4c6220',
  name: '#17181c',
  value: '#8a4a1f',
  wrong: '#b0392b',
};

/** The themes of code, calm enough that the gutter is what stands out: dark first, then light. */
export const codeThemes = [createTheme('dark', DARK), createTheme('light', LIGHT)];

function createTheme(type: 'dark' | 'light', palette: Palette) {
  const paint = (scope: string[], foreground: string) => ({ scope, settings: { foreground } });
  return {
    name: `touchstone-${type}`,
    type,
    fg: palette.text,
    colors: { 'editor.foreground': palette.text, 'terminal.foreground': palette.text },
    settings: [
      { settings: { foreground: palette.text } },
      paint(['comment', 'punctuation.definition.comment'], palette.comment),
      paint(
        [
          'keyword',
          'storage',
          'constant.language',
          'variable.language',
          'punctuation.definition.template-expression',
        ],
        palette.keyword,
      ),
      paint(['keyword.operator', 'punctuation', 'meta.brace'], palette.text),
      paint(
        ['keyword.operator.new', 'keyword.operator.expression', 'keyword.operator.type'],
        palette.keyword,
      ),
      paint(['string', 'punctuation.definition.string'], palette.string),
      paint(['constant.numeric', 'constant.character', 'variable.parameter.sql'], palette.value),
      paint(['entity.name', 'support.function', 'support.class', 'support.type'], palette.name),
      paint(['entity.name.tag', 'support.type.property-name'], palette.keyword),
      paint(['invalid'], palette.wrong),
    ],
  };
}
