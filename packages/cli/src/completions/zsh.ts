import type { Completion, ProgramSpec } from '../command/spec.js';
import { jobFlags } from './job-flags.js';
import { levels, namesOf } from './tree.js';
import { valueFlags, valueGroups } from './value-flags.js';

const quote = (text: string) => `'${text.replaceAll("'", "'\\''")}'`;
const described = (word: string, doc: string) => quote(`${word.replaceAll(':', '\\:')}:${doc}`);

/** Not a function of that name: the program itself. What is typed is still quoted; nothing in it is executed here. */
const JOBS = `compadd -- \${(f)"$(command "\${words[1]}" \${\${(@Q)ask}/#\\~\\//$HOME/} 2>/dev/null | sed -n 's/^job_id=\\(.*\\) mount=.*/\\1/p')"}`;

function offer(completion: Completion | undefined): string {
  if (completion === 'file') return '_files';
  if (completion === 'directory') return '_files -/';
  if (completion === 'job') return JOBS;
  if (completion === undefined) return ':';
  return `compadd -- ${completion.map(quote).join(' ')}`;
}

/** The completion script for zsh. */
export function zshScript(program: ProgramSpec): string {
  const takers = valueFlags(program).flatMap(namesOf).join('|');
  const paths = levels(program).filter((l) => l.path.length > 0);
  const commands = paths.map((l) => quote(l.path.join(' '))).join('|');
  const values = valueGroups(program).map(
    (g) => `    ${g.names.join('|')}) ${offer(g.completion)}; return ;;`,
  );
  const offers = levels(program).map((l) => {
    const words = l.words.map((w) => described(w.word, w.doc));
    const flags = l.flags.flatMap((f) => namesOf(f).map((n) => described(n, f.doc)));
    return `    ${quote(l.path.join(' '))})
      offered=(${words.join(' ')})
      (( $#offered )) && _describe -t commands command offered
      offered=(${flags.join(' ')})
      (( $#offered )) && _describe -o -t options option offered
      ${offer(l.positional)} ;;`;
  });
  const { names, glued, short } = jobFlags(program);
  const given = [...glued.map((g) => `${g}*`), ...short.map((n) => `${n}?*`)].join('|');
  return `#compdef ${program.name}

_${program.name}() {
  local word command="" value=""
  local -i i
  local -a offered
  # The command that tells the jobs, with what on this line decides which they are.
  local -a ask
  for (( i = 2; i < CURRENT; i++ )); do
    word="\${words[i]}"
    if [[ -n $value ]]; then
      case "$value" in (${names.join('|')}) ask+=("$value" "$word") ;; esac
      value=""
      continue
    fi
    case "$word" in
      ${takers}) value="$word"; continue ;;
      ${given}) ask+=("$word"); continue ;;
    esac
    word="\${command:+$command }$word"
    case "$word" in
      ${commands})
        if [[ -z $command ]]; then ask+=(list); fi
        command="$word" ;;
    esac
  done
  # --flag=value is one word.
  if [[ -z $value && "\${words[CURRENT]}" == --*=* ]]; then
    value="\${\${words[CURRENT]}%%=*}"
    compset -P '*='
  fi
  case "$value" in
${values.join('\n')}
  esac
  case "$command" in
${offers.join('\n')}
  esac
}

if [ "$funcstack[1]" = "_${program.name}" ]; then
  _${program.name} "$@"
else
  compdef _${program.name} ${program.name}
fi
`;
}
