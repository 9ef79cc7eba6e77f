import sharp from 'sharp';
import { inspectUpload, type Upload } from './inspect-upload.ts';

sharp.cache(false); // as the pattern has it
sharp.concurrency(1);

/** What piscina runs in a thread of the server. */
export default (upload: Upload) =>
  inspectUpload(upload, { maxPixels: 5e7, maxBytes: 2.5e7 });
