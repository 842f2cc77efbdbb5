# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Completion of ganadctl, ganadd and ganad-train for bash. Commands and options are asked of the programs themselves, so
# that nothing here has to be kept in step with them.

# Words at the head of the lines of --help's list of commands.
_ganad_commands() {
    "$1" --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'
}

# Options in the text of --help, of the program or of a command of it.
_ganad_options() {
    "$@" --help 2>/dev/null | grep -oE '(^|[^[:alnum:]_-])(--[a-z][a-z0-9-]+|-[a-zA-Z])\b' | grep -oE -- '--?[a-zA-Z].*' | sort -u
}

# Names that the daemon knows; nothing if none answers.
_ganad_models() {
    ganadctl model -J 2>/dev/null | grep -o '"name":"[^"]*"' | cut -d'"' -f4
}

_ganad() {
    local program=${COMP_WORDS[0]} cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command='' i
    local -a words=()

    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -s | --socket) ((i++)) ;;
        -*) ;;
        *)
            [ -n "$command" ] || command=${COMP_WORDS[i]}
            words+=("${COMP_WORDS[i]}")
            ;;
        esac
    done
    [ "${program##*/}" != ganadd ] || command=''
    COMPREPLY=()
    if [[ $cur == -* ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_ganad_options "$program" ${command:+"$command"})" -- "$cur")
    elif [ -z "$command" ] && [ "${program##*/}" != ganadd ] && [[ $before != -s && $before != --socket ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_ganad_commands "$program")" -- "$cur")
    elif [ "${#words[@]}" -eq 1 ] && [ "${words[0]}" = model ]; then
        mapfile -t COMPREPLY < <(compgen -W 'compare list load rollback' -- "$cur")
    elif [ "${#words[@]}" -eq 1 ] && [ "${words[0]}" = suppress ]; then
        mapfile -t COMPREPLY < <(compgen -W 'list add rm test' -- "$cur")
    elif [ "${#words[@]}" -eq 1 ] && [ "${words[0]}" = help ]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_ganad_commands "$program")" -- "$cur")
    elif { [ "${#words[@]}" -eq 2 ] && [[ ${words[*]} == 'model load' || ${words[*]} == 'model rollback' ]]; } ||
        [[ $before == -m || $before == --model ]]; then
        mapfile -t COMPREPLY < <(compgen -W "$(_ganad_models)" -- "$cur")
    else
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$cur")
    fi
}

complete -F _ganad ganadctl ganadd ganad-train
