#compdef flux
compdef _flux flux

# zsh completion for flux                                 -*- shell-script -*-

_flux() {
    local answer line directive=0
    local -a found
    answer=$("${words[1]}" __complete "${(@)words[2,CURRENT]}" 2>/dev/null) || return 1
    for line in "${(@f)answer}"; do
        if [[ $line == :[0-9]* ]]; then
            directive=${line#:}
        elif [[ -n $line ]]; then
            # A colon separates word and description for _describe.
            local word=${line%%$'\t'*} about=""
            [[ $line == *$'\t'* ]] && about=${line#*$'\t'}
            word=${word//:/\\:}
            found+=("${word}${about:+:$about}")
        fi
    done
    (( directive & 1 )) && return 1
    if (( ${#found} )); then
        _describe -V "completions" found -Q && return 0
    fi
    (( directive & 4 )) || _arguments '*:filename:_files'
}

if [ "$funcstack[1]" = "_flux" ]; then
    _flux
fi
