# powershell completion for flux                                 -*- shell-script -*-

Register-ArgumentCompleter -CommandName 'flux' -ScriptBlock {
    param($WordToComplete, $CommandAst, $CursorPosition)

    $Words = @($CommandAst.CommandElements | Where-Object { $_.Extent.StartOffset -lt $CursorPosition } | ForEach-Object { $_.Extent.Text })
    $Program = $Words[0]
    $Before = @($Words | Select-Object -Skip 1)
    if ($WordToComplete -ne '' -and $Before.Count -gt 0) {
        $Before = @($Before | Select-Object -SkipLast 1)
    }
    $Answer = @(& $Program __complete @Before "$WordToComplete" 2>$null)
    foreach ($Line in $Answer) {
        if ($Line -match '^:(\d+)$') { continue }
        $Word, $About = $Line -split "`t", 2
        if (-not $About) { $About = $Word }
        [System.Management.Automation.CompletionResult]::new($Word, $Word, 'ParameterValue', $About)
    }
}
