from kerasad.capsules.cache import builtin_capsules as builtin_capsules
