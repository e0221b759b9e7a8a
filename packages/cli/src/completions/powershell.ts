import type { Completion, ProgramSpec } from '../command/spec.js';
import { jobFlags } from './job-flags.js';
import { levels, namesOf } from './tree.js';
import { valueFlags, valueGroups } from './value-flags.js';

const quote = (text: string) => `'${text.replaceAll("'", "''")}'`;
const list = (words: readonly string[]) => `@(${words.map(quote).join(', ')})`;

/** An empty answer lets PowerShell complete file names by itself. */
const words = (completion: Completion | undefined) =>
  typeof completion === 'object' ? list(completion) : '@()';

/** The completion script for PowerShell. */
export function powershellScript(program: ProgramSpec): string {
  const commands = levels(program)
    .filter((l) => l.path.length > 0)
    .map((l) => l.path.join(' '));
  const values = valueGroups(program).flatMap((g) =>
    g.names.map((n) => `        ${quote(n)} = ${words(g.completion)}`),
  );
  const offers = levels(program).map((l) => {
    const items = [
      ...l.words.map((w) => [w.word, w.doc] as const),
      ...l.flags.flatMap((f) => namesOf(f).map((n) => [n, f.doc] as const)),
      ...(typeof l.positional === 'object' ? l.positional.map((w) => [w, w] as const) : []),
    ].map(([word, doc]) => `@(${quote(word)}, ${quote(doc)})`);
    return `        ${quote(l.path.join(' '))} = @(${items.map((i) => `,${i}`).join(' + ') || ''})`;
  });
  const { names, glued, short } = jobFlags(program);
  const given = [...glued, ...short.map((n) => `${n}.`)].join('|');
  return `using namespace System.Management.Automation
using namespace System.Management.Automation.Language

Register-ArgumentCompleter -Native -CommandName ${quote(program.name)} -ScriptBlock {
    param($wordToComplete, $commandAst, $cursorPosition)
    $takers = ${list(valueFlags(program).flatMap(namesOf))}
    $commands = ${list(commands)}
    $values = New-Object 'System.Collections.Hashtable' ([StringComparer]::Ordinal)
    foreach ($pair in @{
${values.join('\n')}
    }.GetEnumerator()) { $values[$pair.Key] = $pair.Value }
    $offers = @{
${offers.join('\n')}
    }
    $askers = ${list(
      levels(program)
        .filter((l) => l.positional === 'job')
        .map((l) => l.path.join(' ')),
    )}
    $command = ''
    $value = ''
    # The command that tells the jobs, with what on this line decides which they are.
    $ask = @()
    foreach ($element in $commandAst.CommandElements | Select-Object -Skip 1) {
        $word = if ($element -is [StringConstantExpressionAst]) { $element.Value } else { $element.ToString() }
        if ($element.Extent.EndOffset -ge $cursorPosition -and $word -eq $wordToComplete) { break }
        if ($value -ne '') {
            if (${list(names)} -ccontains $value) { $ask += $value, ($word -replace '^~/', "$HOME/") }
            $value = ''
            continue
        }
        if ($takers -ccontains $word) { $value = $word; continue }
        if ($word -cmatch '^(${given})') { $ask += $word; continue }
        $longer = ($command + ' ' + $word).Trim()
        if ($commands -ccontains $longer) {
            if ($command -eq '') { $ask += 'list' }
            $command = $longer
        }
    }
    if ($value -ne '') {
        $values[$value] | Where-Object { $_ -like "$wordToComplete*" } |
            ForEach-Object { [CompletionResult]::new($_, $_, [CompletionResultType]::ParameterValue, $_) }
        return
    }
    if ($askers -ccontains $command) {
        & ${quote(program.name)} @ask 2>$null |
            ForEach-Object { if ($_ -match '^job_id=(.*) mount=') { $Matches[1] } } |
            Where-Object { $_ -like "$wordToComplete*" } |
            ForEach-Object { [CompletionResult]::new($_, $_, [CompletionResultType]::ParameterValue, $_) }
    }
    $offers[$command] | Where-Object { $_[0] -like "$wordToComplete*" } |
        ForEach-Object { [CompletionResult]::new($_[0], $_[0], [CompletionResultType]::ParameterValue, $_[1]) }
}
`;
}
