import { ClusterError } from '../errors.ts';

/**
 * Fills `{{name}}` in a configuration. Every placeholder needs a value and every value a placeholder, as a server would
 * take a forgotten one for something else or for nothing. A value may have several lines, each indented like its
 * placeholder.
 */
export function render(template: string, values: Readonly<Record<string, string | number>>): string {
  const unused = new Set(Object.keys(values));
  const text = template.replace(/^([ \t]*)(.*)$/gm, (line, indent: string, rest: string) =>
    rest.includes('{{') ? indent + fill(rest, indent, values, unused) : line,
  );
  if (unused.size > 0) {
    throw new ClusterError('E_CLUSTER_TEMPLATE', `no placeholder takes the value of: ${[...unused].join(', ')}`);
  }
  return text;
}

function fill(
  text: string,
  indent: string,
  values: Readonly<Record<string, string | number>>,
  unused: Set<string>,
): string {
  return text.replace(/\{\{(.*?)\}\}/g, (_, name: string) => {
    const value = Object.hasOwn(values, name) ? values[name] : undefined;
    if (value === undefined) throw new ClusterError('E_CLUSTER_TEMPLATE', `the placeholder {{${name}}} has no value`);
    unused.delete(name);
    return String(value).replaceAll('\n', `\n${indent}`);
  });
}
