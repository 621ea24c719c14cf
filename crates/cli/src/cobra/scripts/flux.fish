# fish completion for flux                                 -*- shell-script -*-

function __flux_complete
    set -l words (commandline -opc)
    set -l current (commandline -ct)
    set -l answer ($words[1] __complete $words[2..-1] "$current" 2>/dev/null)
    set -l directive 0
    set -l found
    for line in $answer
        if string match -qr '^:[0-9]+$' -- $line
            set directive (string sub -s 2 -- $line)
        else
            set -a found $line
        end
    end
    if test (math "bitand($directive, 1)") -eq 1
        return
    end
    if test (count $found) -eq 0; and test (math "bitand($directive, 4)") -eq 0
        __fish_complete_path "$current"
        return
    end
    printf '%s\n' $found
end

complete -c flux -e
complete -c flux -f -a '(__flux_complete)'
