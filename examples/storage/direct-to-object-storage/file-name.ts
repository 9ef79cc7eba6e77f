/** A name without path separators, control characters and marks that turn the text around. */
export function cleanName(name: string): string {
  return name.replace(/[/\\\p{Cc}\p{Cs}\p{Bidi_Control}]/gu, '_');
}

/** A Content-Disposition that saves: ASCII for any name (RFC 6266, RFC 8187). */
export function toAttachment(name: string): string {
  const encoded = encodeURIComponent(name).replace(
    /['()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
  return `attachment; filename*=UTF-8''${encoded}`;
}
