import { bundleWorker } from './bundle.ts';
import { judge, type Report } from './report.ts';

const budgetKib = 200;

/** Measures the compressed size of the upload, as wrangler reports it. */
export async function measureSize(): Promise<Report> {
  const { gzipKib } = await bundleWorker();
  return {
    notes: ['wrangler deploy --dry-run, minified.'],
    columns: ['measure', 'measured', 'budget'],
    rows: [
      {
        cells: ['bundle, gzip', `${gzipKib.toFixed(1)} KiB`, `${budgetKib} KiB`],
        verdict: judge(gzipKib, budgetKib),
      },
    ],
  };
}
