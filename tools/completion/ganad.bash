# SPDX-License-Identifier: Apache-2.0
# shellcheck shell=bash
# Completion of ganadctl, ganadd, ganad-train and ganad-traffic for bash. It reads commands, options
# and their values from the output of the programs, so it needs no update when they change.

# The first words of the lines in --help's list of commands.
_ganad_commands() {
    "$1" --help 2>/dev/null | sed -n '/^Commands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p'
}

# Options in the text of --help, of the program or of one of its commands.
_ganad_options() {
    "$@" --help 2>/dev/null | grep -oE '(^|[^[:alnum:]_-])(--[a-z][a-z0-9-]+|-[a-zA-Z])\b' | grep -oE -- '--?[a-zA-Z].*' | sort -u
}

# The argument of an option in --help: 'FILE', 'N', or its values, as in 'table|csv|json'; empty if
# it takes none.
_ganad_argument() {
    local option=$1
    shift
    "$@" --help 2>/dev/null | sed -nE "s/^ +(-[a-zA-Z], )?$option(, --[a-z0-9-]+)? ([A-Za-z][A-Za-z0-9|-]*).*/\3/p" | head -n 1
}

# Names of the daemon's models; empty if no daemon answers.
_ganad_models() {
    ganadctl model -J 2>/dev/null | grep -o '"name":"[^"]*"' | cut -d'"' -f4
}

# Kinds of sessions, or with 'Attacks' kinds of attacks.
_ganad_kinds() {
    "$1" --list 2>/dev/null | sed -n "/^${2:-Normal}/,/^\$/s/^  \([a-z][a-z0-9_-]*\) .*/\1/p"
}

# Offers the words of $1 that begin with $2, or file names if $1 is 'files'.
_ganad_offer() {
    if [ "$1" = files ]; then
        compopt -o filenames 2>/dev/null
        mapfile -t COMPREPLY < <(compgen -f -- "$2")
    else
        mapfile -t COMPREPLY < <(compgen -W "$1" -- "$2")
    fi
}

# Completes the value of an option. Fails if the option takes none. Arguments: the option, the
# beginning of the value, the program, the command.
_ganad_value() {
    local option=$1 cur=$2 argument
    shift 2
    case ${1##*/}$option in
    ganadctl-s | ganadctl--socket) argument=SOCKET ;; # of all commands
    *) argument=$(_ganad_argument "$option" "$@") ;;
    esac
    case ${1##*/}$option$argument in
    *"|"*) _ganad_offer "${argument//|/ }" "$cur" ;;
    ganadctl-mNAME | ganadctl--modelNAME) _ganad_offer "$(_ganad_models)" "$cur" ;;
    ganad-traffic-kNAME | ganad-traffic--kindNAME) _ganad_offer "$(_ganad_kinds "$1")" "$cur" ;;
    ganad-traffic-aNAME | ganad-traffic--attackNAME) _ganad_offer "$(_ganad_kinds "$1" Attacks)" "$cur" ;;
    *FILE | *CHECKPOINT | *CAPTURE | *DIRECTORY | *SOCKET) _ganad_offer files "$cur" ;;
    *) [ -n "$argument" ] ;; # no completion for a number or a text
    esac
}

_ganad() {
    local program=${COMP_WORDS[0]} cur=${COMP_WORDS[COMP_CWORD]} before=${COMP_WORDS[COMP_CWORD - 1]} command='' i
    local -a words=()

    for ((i = 1; i < COMP_CWORD; i++)); do
        case ${COMP_WORDS[i]} in
        -s | --socket) ((i++)) ;;
        -* | =) ;;
        *)
            [ -n "$command" ] || command=${COMP_WORDS[i]}
            words+=("${COMP_WORDS[i]}")
            ;;
        esac
    done
    case ${program##*/} in ganadd | ganad-traffic) command='' ;; esac
    if [ "$cur" = = ]; then # bash splits '--option=value' into three words
        cur=''
    elif [ "$before" = = ]; then
        before=${COMP_WORDS[COMP_CWORD - 2]}
    fi
    COMPREPLY=()
    if [[ $before == -* ]] && _ganad_value "$before" "$cur" "$program" ${command:+"$command"}; then
        :
    elif [[ $cur == -* ]]; then
        _ganad_offer "$(_ganad_options "$program" ${command:+"$command"})" "$cur"
    elif [ -z "$command" ] && [[ ${program##*/} != ganadd && ${program##*/} != ganad-traffic ]]; then
        _ganad_offer "$(_ganad_commands "$program")" "$cur"
    elif [ "${#words[@]}" -eq 1 ] && [ "${words[0]}" = model ]; then
        _ganad_offer 'compare list load rollback' "$cur"
    elif [ "${#words[@]}" -eq 1 ] && [ "${words[0]}" = suppress ]; then
        _ganad_offer 'list add rm test' "$cur"
    elif [ "${#words[@]}" -eq 1 ] && [ "${words[0]}" = feedback ]; then
        _ganad_offer 'list undo' "$cur"
    elif [ "${#words[@]}" -eq 2 ] && [ "${words[0]}" = feedback ] && [[ ${words[1]} != list && ${words[1]} != undo ]]; then
        _ganad_offer 'true false' "$cur"
    elif [ "${#words[@]}" -eq 1 ] && [ "${words[0]}" = help ]; then
        _ganad_offer "$(_ganad_commands "$program")" "$cur"
    elif [ "${#words[@]}" -eq 2 ] && [[ ${words[*]} == 'model load' || ${words[*]} == 'model rollback' ]]; then
        _ganad_offer "$(_ganad_models)" "$cur"
    else
        _ganad_offer files "$cur"
    fi
}

complete -F _ganad ganadctl ganadd ganad-train ganad-traffic
