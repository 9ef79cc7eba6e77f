/** What may be shown of a name that a sender chose. */
export function cleanName(name: string): string {
  const plain = name
    .normalize('NFC')
    .replace(/^.*[/\\]/s, '') // no folders
    .replace(/\p{C}/gu, '') // no NUL, CR, LF; nothing that turns text
    .replace(/^[.\s]+/, ''); // no dots of folders in front
  return [...plain].slice(0, 100).join('').trim() || 'file';
}
