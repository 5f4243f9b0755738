import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { projectFolder } from '../project.ts';
import { type PlantedFault, plant } from './planted-fault.ts';

/** What is wrong with the faults themselves, as a sentence each: their places, tests, guarantees and ids. */
export function listProblems(faults: readonly PlantedFault[]): string[] {
  const guarantees = readFileSync(join(projectFolder, 'docs/security.md'), 'utf8');
  return faults.flatMap((fault) => {
    const { id, file, tests } = fault;
    const problems = tests
      .filter((path) => !existsSync(join(projectFolder, path)))
      .map((path) => `${id}: there is no ${path}`);
    if (faults.some((other) => other !== fault && other.id === id)) problems.push(`${id}: is there twice`);
    for (const guarantee of fault.guarantees)
      if (!guarantees.includes(`| ${guarantee} |`)) problems.push(`${id}: there is no ${guarantee}`);
    if (!existsSync(join(projectFolder, file))) return [...problems, `${id}: there is no ${file}`];
    const source = readFileSync(join(projectFolder, file), 'utf8');
    try {
      if (plant(fault, source) === source) problems.push(`${id}: changes nothing`);
    } catch (error) {
      problems.push(String(error));
    }
    return problems;
  });
}
