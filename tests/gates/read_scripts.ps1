# Copyright: (c) 2026, siterecovery.hyperv contributors
# GNU General Public License v3.0+ (see LICENSE or https://www.gnu.org/licenses/gpl-3.0.txt)
# SPDX-License-Identifier: GPL-3.0-or-later

# Parses PowerShell files with PowerShell's own parser and prints the findings as JSON. Executes no script.
param([Parameter(Mandatory = $true, ValueFromRemainingArguments = $true)] [string[]] $Path)

$newer = 'QuestionQuestion', 'QuestionQuestionEquals', 'QuestionDot', 'QuestionLBracket', 'AndAnd', 'OrOr'
$read = foreach ($file in $Path) {
    $tokens = $null
    $errors = $null
    $ast = [System.Management.Automation.Language.Parser]::ParseFile($file, [ref] $tokens, [ref] $errors)
    $find = { param($type) @($ast.FindAll({ param($node) $node -is $type }.GetNewClosure(), $true)) }
    $body = if ($ast.EndBlock) { @($ast.EndBlock.Statements) } else { @() }
    $outer = @($body | Where-Object { $_ -isnot [System.Management.Automation.Language.FunctionDefinitionAst] })
    @{
        file      = $file
        errors    = @($errors | ForEach-Object { "$($_.Extent.StartLineNumber): $($_.Message)" })
        newer     = @($tokens | Where-Object { $newer -contains "$($_.Kind)" } | ForEach-Object { "$($_.Extent.StartLineNumber): $($_.Text)" }) +
        @(& $find ([System.Management.Automation.Language.TernaryExpressionAst]) | ForEach-Object { "$($_.Extent.StartLineNumber): ternary" })
        functions = @(& $find ([System.Management.Automation.Language.FunctionDefinitionAst]) | ForEach-Object { $_.Name })
        commands  = @(& $find ([System.Management.Automation.Language.CommandAst]) | ForEach-Object { $_.GetCommandName() } | Where-Object { $_ } | Sort-Object -Unique)
        types     = @(& $find ([System.Management.Automation.Language.TypeExpressionAst]) | ForEach-Object { $_.TypeName.FullName } | Sort-Object -Unique)
        bound     = [bool] ($ast.ParamBlock -and ($ast.ParamBlock.Attributes.Extent.Text -match 'SupportsShouldProcess'))
        statements = @($outer | ForEach-Object { $_.Extent.Text } | Select-Object -First 4)
    }
}
ConvertTo-Json -InputObject @($read) -Depth 4 -Compress
