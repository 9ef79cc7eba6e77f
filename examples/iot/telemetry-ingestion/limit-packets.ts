import { compose, type Duplex, Transform } from 'node:stream';

/** The connection, which breaks as soon as a packet says that it is larger: aedes would keep all of it first. */
export function limitPackets(socket: Duplex, maxBytes: number): Duplex {
  const isWithin = createMeter(maxBytes);
  const guard = new Transform({
    transform(chunk: Buffer, _encoding, done) {
      if (isWithin(chunk)) return done(null, chunk);
      done(new Error(`a packet has more than ${maxBytes} bytes`));
    },
  });
  return compose(socket, guard);
}

// #region create-meter
/** MQTT 3.1.1 §2.2: a byte for the kind, then up to four for the length. */
function createMeter(maxBytes: number) {
  let bodyLeft = 0;
  let length = 0;
  let digits = -1; // of the length; -1 while the kind is to come

  function readHeader(byte: number): boolean {
    if (digits >= 0) length += (byte & 127) * 128 ** digits;
    const isComplete = digits >= 0 && byte < 128;
    digits++;
    if (length > maxBytes || digits > 4) return false;
    if (isComplete) [bodyLeft, length, digits] = [length, 0, -1];
    return true;
  }

  return function isWithin(chunk: Buffer): boolean {
    for (let at = 0; at < chunk.length; ) {
      const step = Math.min(bodyLeft, chunk.length - at);
      bodyLeft -= step;
      at += step;
      if (at < chunk.length && !readHeader(chunk.readUInt8(at++)))
        return false;
    }
    return true;
  };
}
// #endregion create-meter
