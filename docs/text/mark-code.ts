import { escapeHtml } from './escape-html.ts';

/** Text as HTML, with what is in `backticks` as code. */
export const markCode = (text: string): string =>
  escapeHtml(text).replaceAll(/`([^`]+)`/g, '<code>$1</code>');
