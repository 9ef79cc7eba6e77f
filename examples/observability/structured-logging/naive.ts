type Write = (line: string) => void;

/** The tempting log: a line is whatever JSON.stringify makes of it. */
export function createNaiveLog(write: Write = console.log) {
  // #region naive-log
  function info(message: string, details: object = {}) {
    write(JSON.stringify({ level: 'info', message, ...details }));
  }
  // #endregion naive-log

  return { info };
}
