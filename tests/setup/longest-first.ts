import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that take a minute and more, of each project the longest first. */
const LONG = [
  'packages/model/src/world/world.test.ts',
  'packages/model/src/table/rows.test.ts',
  'packages/simulation/src/plan/scenarios.test.ts',
  'apps/console/test/scenarios.test.ts',
  'packages/cluster/test/launcher.test.ts',
  'apps/console/test/page.test.ts',
  'bench/test/quick.test.ts',
  'packages/cluster/test/launcher-console.test.ts',
  'apps/console/test/page-cluster.test.ts',
  'packages/cluster/test/watch.test.ts',
  'packages/cluster/test/control.test.ts',
  'apps/console/test/console.test.ts',
  'apps/console/test/tour.test.ts',
];

/**
 * The long files of a project before the others. Vitest knows how long each took only where it ran before, and goes by size
 * in a fresh clone: there the longest of all is a short file that comes last, with all but one worker waiting for it.
 */
export class LongestFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const rank = ({ moduleId }: TestSpecification) => {
      const at = LONG.findIndex((file) => moduleId.endsWith(`/${file}`));
      return at < 0 ? LONG.length : at;
    };
    const order = ({ project }: TestSpecification) => project.config.sequence.groupOrder;
    return sorted.sort((a, b) => order(a) - order(b) || rank(a) - rank(b));
  }
}
