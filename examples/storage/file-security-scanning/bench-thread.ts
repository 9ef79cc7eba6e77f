import { inspectUpload, type Upload } from './inspect-upload.ts';

/** What piscina runs in a thread of the server, with the settings that sharp has by itself, as the pattern has. */
export default (upload: Upload) =>
  inspectUpload(upload, { maxPixels: 5e7, maxBytes: 2.5e7 });
