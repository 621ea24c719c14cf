# bash completion for flux                                 -*- shell-script -*-

_flux_complete() {
    local current=${COMP_WORDS[COMP_CWORD]} line answer directive=0
    local -a words found=()
    words=("${COMP_WORDS[@]:1:COMP_CWORD}")
    # Bash splits at '='; flux wants `--flag=value` in one word.
    local -a joined=()
    local word
    for word in "${words[@]}"; do
        local last=$((${#joined[@]} - 1))
        if [[ $word == "=" && $last -ge 0 ]]; then
            joined[last]+="="
        elif [[ $last -ge 0 && ${joined[last]} == --*= ]]; then
            joined[last]+=$word
        else
            joined+=("$word")
        fi
    done
    answer=$("${COMP_WORDS[0]}" __complete "${joined[@]}" 2>/dev/null) || return
    while IFS= read -r line; do
        case $line in
            :[0-9]*) directive=${line#:} ;;
            *) found+=("${line%%$'\t'*}") ;;
        esac
    done <<<"$answer"
    (( directive & 1 )) && return
    COMPREPLY=()
    local prefix=""
    [[ ${joined[-1]:-} == --*=* ]] && prefix="${joined[-1]%%=*}="
    for word in "${found[@]}"; do
        word=${word#"$prefix"}
        [[ $current == "=" || $word == "$current"* ]] && COMPREPLY+=("$word")
    done
    [[ ${#COMPREPLY[@]} -eq 1 && ${COMPREPLY[0]} == *= ]] && compopt -o nospace 2>/dev/null
    if (( ! (directive & 4) )) && [[ ${#COMPREPLY[@]} -eq 0 ]]; then
        compopt -o default 2>/dev/null
    fi
}

complete -F _flux_complete flux
