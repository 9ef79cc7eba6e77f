import { cutFile } from '../../scripts/engine/cut.ts';
import { scanRegions } from '../../scripts/engine/regions.ts';

/** The file as it runs, without the lines that only serve the page. */
export function stripMarkers(path: string, text: string): string {
  const scan = scanRegions(path, text);
  const cut = scan.markers.size === 0 ? undefined : cutFile(scan);
  return cut === undefined ? text : `${cut.lines.join('\n')}\n`;
}
