/** A Content-Disposition that saves: ASCII only, whatever the name holds (RFC 6266, RFC 8187). */
export function toAttachment(name: string): string {
  const safe = name.replace(/[/\\\p{Cc}]/gu, '_');
  const encoded = encodeURIComponent(safe).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename*=UTF-8''${encoded}`;
}
