import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { expect, it } from 'vitest';
import { limitPackets } from './limit-packets.ts';

/** A kind, a length, and as many bytes. */
function makePacket(length: number): Buffer {
  const digits = [length % 128, length >> 7];
  const [low = 0, high = 0] = digits;
  const header = high > 0 ? [0x30, low | 128, high] : [0x30, low];
  return Buffer.concat([
    Buffer.from(header),
    Buffer.alloc(length, 0xff),
  ]);
}

it('lets packets through, however they are cut', async () => {
  const bytes = Buffer.concat([0, 1, 127, 128, 300, 0].map(makePacket));

  for (const size of [1, 2, 3, 100, bytes.length]) {
    const source = new PassThrough();
    const limited = limitPackets(source, 300);
    for (let at = 0; at < bytes.length; at += size)
      source.write(bytes.subarray(at, at + size));
    source.end();
    expect(await buffer(limited)).toEqual(bytes);
  }
});

it('breaks at the header of a packet that is too large, or has no end', async () => {
  const tooLarge = makePacket(301).subarray(0, 3);
  const endless = Buffer.from([0x30, 0x80, 0x80, 0x80, 0x80, 0x80]);

  for (const bytes of [tooLarge, endless]) {
    const source = new PassThrough();
    const limited = limitPackets(source, 300);
    source.write(Buffer.concat([makePacket(300), bytes]));
    await expect(buffer(limited)).rejects.toThrow(
      'more than 300 bytes',
    );
  }
});
