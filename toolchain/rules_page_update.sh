#!/bin/sh
# Puts the page that its argument is into docs/.
cp "$1" "$BUILD_WORKSPACE_DIRECTORY/docs/rules.md" && chmod 644 "$BUILD_WORKSPACE_DIRECTORY/docs/rules.md"
